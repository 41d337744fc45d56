import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRelease, type Release } from "../../scripts/check-release.ts";

const release: Release = {
  tag: "v1.2.0",
  version: "1.2.0",
  lockVersion: "1.2.0",
  createVersion: "1.2.0",
  createdRange: "^1.2.0",
  changelog:
    "# Changelog\n\n## Unreleased\n\n## 1.2.0 - 2026-03-01\n\n### Added\n\n- A thing.\n\n## 1.1.0\n\n- Old.\n",
};

test("checkRelease passes a tag, two manifests and a changelog that agree", () => {
  assert.deepEqual(checkRelease(release), []);
  const changelog = release.changelog.replace("## Unreleased\n\n", "");
  assert.deepEqual(checkRelease({ ...release, changelog }), []);
});

test("checkRelease refuses a tag and a lock file of another version", () => {
  assert.deepEqual(checkRelease({ ...release, tag: "1.2.0", lockVersion: "1.1.0" }), [
    "the tag is 1.2.0, package.json has 1.2.0",
    "package-lock.json has 1.1.0, package.json 1.2.0",
  ]);
});

test("checkRelease refuses a create-offloop of another version, and one whose apps ask for another", () => {
  assert.deepEqual(checkRelease({ ...release, createVersion: "1.1.0", createdRange: "^1.1.0" }), [
    "create-offloop/package.json has 1.1.0, package.json 1.2.0",
    "an app of create-offloop asks for offloop ^1.1.0, not ^1.2.0",
  ]);
});

test("checkRelease refuses a changelog that ends before the version, says nothing of it, or has notes pending", () => {
  const { changelog } = release;
  const older = changelog.replace("## 1.2.0 - 2026-03-01\n\n### Added\n\n- A thing.\n\n", "");
  assert.deepEqual(checkRelease({ ...release, changelog: older }), [
    "the newest section of CHANGELOG.md is 1.1.0, not 1.2.0",
  ]);
  const empty = changelog.replace("### Added\n\n- A thing.\n\n", "");
  assert.deepEqual(checkRelease({ ...release, changelog: empty }), [
    "the section 1.2.0 of CHANGELOG.md says nothing",
  ]);
  const pending = changelog.replace("## Unreleased\n", "## Unreleased\n\n- Soon.\n");
  assert.deepEqual(checkRelease({ ...release, changelog: pending }), [
    "CHANGELOG.md still has notes under Unreleased",
  ]);
  assert.deepEqual(
    checkRelease({ ...release, changelog: "# Changelog\n\n## Unreleased\n\n- All of it.\n" }),
    [
      "the newest section of CHANGELOG.md is none, not 1.2.0",
      "CHANGELOG.md still has notes under Unreleased",
    ],
  );
});
