/** The credential scope of a request's signature. Source: "AWS Signature Version 4". */
export type CredentialScope = {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
};

const scopePattern =
  /Credential=([^/\s,]{1,128})\/\d{8}\/([a-z0-9-]{1,32})\/([a-z0-9-]{1,64})\/aws4_request/u;

/** From the Authorization header or, in a presigned request, from the query. */
export function credentialScopeOf(
  authorization: string | undefined,
  url: string,
): CredentialScope | undefined {
  const match = scopePattern.exec(authorization ?? presignedCredential(url));
  const [, accessKeyId, region, service] = match ?? [];
  if (accessKeyId === undefined || region === undefined || service === undefined) return undefined;
  return { accessKeyId, region, service };
}

function presignedCredential(url: string): string {
  const query = url.indexOf('?');
  if (query === -1) return '';
  const value = new URLSearchParams(url.slice(query + 1)).get('X-Amz-Credential');
  return value === null ? '' : `Credential=${value}`;
}
