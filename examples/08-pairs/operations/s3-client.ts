import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";

/** The server's bucket and object; the key says after how many seconds it answers. */
export const bucket = "pairs";
export const slowKey = (seconds: number): string => `after-${seconds}-seconds`;

/** A client connects on first use. */
export const client: S3Client = new S3Client({
  endpoint: process.env.S3_SERVER ?? "http://127.0.0.1:1",
  region: "us-east-1",
  credentials: { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" },
  forcePathStyle: true,
});

/** The text of an object. */
export async function readObject(key: string): Promise<string> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return (await Body?.transformToString()) ?? "";
}
