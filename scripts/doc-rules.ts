import type { Class, ClassElement, ParamPattern, TSSignature, TSType } from "oxc-parser";
import { type DocComment, findDoc, findSections, readParamNames, readSummary } from "./doc-comment.ts";
import { findFencedBlocks } from "./fenced-block.ts";
import type { Finding } from "./finding.ts";
import type { Declared } from "./module-names.ts";
import { lineAt, type SourceFile } from "./source-tree.ts";

/** A part of a declaration with a doc comment of its own. */
interface Member {
  node: TSSignature | ClassElement;
  name: string;
  type: TSType | undefined;
}

type Report = (offset: number, problem: string, fix: string) => void;

/**
 * What is missing from the doc comments of one public name. The declarations are those of its
 * overloads, or a single one.
 */
export function checkDeclared(name: string, declared: readonly Declared[]): Finding[] {
  const [first] = declared;
  if (!first) return [];
  const findings: Finding[] = [];
  const report: Report = (offset, problem, fix) => {
    const line = lineAt(first.source.text, offset);
    findings.push({ file: first.source.path, line, problem, fix });
  };
  const doc = findDoc(first.source, first.start);
  if (!doc) {
    report(first.start, `Cannot publish "${name}" without a TSDoc block`, "write one right above it");
  } else {
    checkSummary(name, doc, first, report);
    checkFunction(name, declared, report);
  }
  for (const member of declared.flatMap(({ node }) => listMembers(node))) {
    checkMember(name, member, first.source, report);
  }
  return findings;
}

/** The parameters of a function, for all overloads together, or undefined when the declaration is not a function. */
export function listParameters(declared: readonly Declared[]): ParamPattern[] | undefined {
  const signatures = declared.filter(({ node }) => node.type === "TSDeclareFunction");
  const functions = (signatures.length > 0 ? signatures : declared).flatMap(
    ({ node }): { params: ParamPattern[] }[] => {
      if (node.type === "FunctionDeclaration" || node.type === "TSDeclareFunction") return [node];
      if (node.type !== "VariableDeclarator") return [];
      const value = node.init;
      const type = node.id.typeAnnotation?.typeAnnotation;
      if (value?.type === "ArrowFunctionExpression" || value?.type === "FunctionExpression") return [value];
      return type?.type === "TSFunctionType" ? [type] : [];
    },
  );
  return functions.length > 0 ? functions.flatMap((one) => one.params) : undefined;
}

function checkSummary(name: string, doc: DocComment, { start }: Declared, report: Report): void {
  if (/[.!?:](\s|$)/.test(readSummary(doc))) return;
  report(
    start,
    `Cannot publish "${name}" without a first sentence`,
    "say in one sentence what it does, and end it",
  );
}

function checkFunction(name: string, declared: readonly Declared[], report: Report): void {
  const [first] = declared;
  const parameters = listParameters(declared);
  const isClass = declared.some(({ node }) => node.type === "ClassDeclaration");
  if (!first || (!parameters && !isClass)) return;
  const docs = declared.flatMap(({ source, start }) => findDoc(source, start) ?? []);
  const described = new Set(docs.length > 0 ? readParamNames(docs) : []);
  for (const parameter of new Set(parameters?.map(parameterName))) {
    if (described.has(parameter) || parameter === "this") continue;
    const problem = `Cannot publish "${name}" without a description of its parameter "${parameter}"`;
    report(first.start, problem, `add "@param ${parameter} - ..." with its unit, range and default`);
  }
  const examples = findSections(docs, "example").flatMap((section) => findFencedBlocks(section.lines));
  if (examples.some((block) => block.code.trim() !== "")) return;
  report(first.start, `Cannot publish "${name}" without an example`, "add @example with a fenced ts block");
}

function parameterName(parameter: ParamPattern): string {
  const plain = parameter.type === "TSParameterProperty" ? parameter.parameter : parameter;
  if (plain.type === "AssignmentPattern") return parameterName(plain.left);
  if (plain.type === "RestElement") return parameterName(plain.argument);
  // A pattern has no name of its own; readers of the comment see "options".
  return plain.type === "Identifier" ? plain.name : "options";
}

function checkMember(owner: string, member: Member, source: SourceFile, report: Report): void {
  const doc = findDoc(source, member.node.start);
  if (doc && findSections(doc, "internal").length > 0) return;
  const inherits = doc?.some((one) => one.lines.some((line) => line.text.includes("{@inheritDoc")));
  const name = `${owner}.${member.name}`;
  if (!doc || (!inherits && readSummary(doc) === "")) {
    report(member.node.start, `Cannot publish "${name}" without a doc comment`, "write one right above it");
  }
  for (const inner of listTypeMembers(member.type)) checkMember(name, inner, source, report);
}

/** Members that users see, with the first overload of each. */
function listMembers(node: Declared["node"]): Member[] {
  if (node.type === "TSInterfaceDeclaration") return firstOfEach(node.body.body.map(toMember));
  if (node.type === "TSTypeAliasDeclaration") return listTypeMembers(node.typeAnnotation);
  if (node.type !== "ClassDeclaration") {
    return inlineOptions(listParameters([{ node } as Declared]) ?? []);
  }
  return firstOfEach((node as Class).body.body.filter(isPublic).map(toMember));
}

/** The members of an options object whose type is written in the parameter list. */
function inlineOptions(parameters: readonly ParamPattern[]): Member[] {
  return parameters.flatMap((parameter) => {
    const plain = parameter.type === "TSParameterProperty" ? parameter.parameter : parameter;
    const pattern = plain.type === "AssignmentPattern" ? plain.left : plain;
    return listTypeMembers(pattern.typeAnnotation?.typeAnnotation);
  });
}

function listTypeMembers(type: TSType | undefined): Member[] {
  if (type?.type === "TSTypeLiteral") return firstOfEach(type.members.map(toMember));
  if (type?.type === "TSParenthesizedType") return listTypeMembers(type.typeAnnotation);
  if (type?.type === "TSUnionType" || type?.type === "TSIntersectionType")
    return type.types.flatMap(listTypeMembers);
  return [];
}

function firstOfEach(members: readonly Member[]): Member[] {
  return members.filter((member, at) => members.findIndex((one) => one.name === member.name) === at);
}

function isPublic(element: ClassElement): boolean {
  if (element.type === "StaticBlock" || element.type === "TSIndexSignature") return false;
  if (element.key.type === "PrivateIdentifier" || element.computed || element.override) return false;
  if (element.type === "MethodDefinition" && element.kind === "constructor") {
    return element.value.params.length > 0 && element.accessibility !== "private";
  }
  return element.accessibility !== "private" && element.accessibility !== "protected";
}

function toMember(node: TSSignature | ClassElement): Member {
  const annotation = "typeAnnotation" in node ? node.typeAnnotation?.typeAnnotation : undefined;
  return { node, name: memberName(node), type: annotation };
}

function memberName(node: TSSignature | ClassElement): string {
  if (!("key" in node)) return node.type === "TSIndexSignature" ? "[index]" : "(call)";
  if (node.key.type === "Identifier") return node.key.name;
  return node.key.type === "Literal" ? String(node.key.value) : "[computed]";
}
