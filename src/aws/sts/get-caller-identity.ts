/**
 * STS's GetCallerIdentity, the one action of another service that the port answers: KPL 0.12.12 to
 * 1.0.4 asks it for the account before it puts, and ends where it gets no answer.
 *
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/';

export const formContentType = 'application/x-www-form-urlencoded';

/**
 * The answer in XML, where the form asks for the caller's identity; undefined where it asks for
 * anything else.
 */
export function callerIdentity(
  form: Buffer,
  account: string,
  requestId: string,
): string | undefined {
  const action = new URLSearchParams(form.toString('latin1')).get('Action');
  if (action !== 'GetCallerIdentity') return undefined;
  return (
    `<GetCallerIdentityResponse xmlns="${namespace}"><GetCallerIdentityResult>` +
    `<Arn>arn:aws:iam::${account}:root</Arn><UserId>${account}</UserId>` +
    `<Account>${account}</Account></GetCallerIdentityResult>` +
    `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>` +
    '</GetCallerIdentityResponse>\n'
  );
}
