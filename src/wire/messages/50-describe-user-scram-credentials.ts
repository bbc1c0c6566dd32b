/** DescribeUserScramCredentials, API key 50. Source: the Kafka protocol guide. */
import { array, int16, int32, int8, message, string } from '../message.ts';

export const describeUserScramCredentialsRequest = message(
  'DescribeUserScramCredentialsRequest',
  { key: 50, versions: [0, 0], flexible: 0 },
  {
    users: array(
      {
        name: string(),
      },
      { nullable: 0 },
    ),
  },
);

export const describeUserScramCredentialsResponse = message(
  'DescribeUserScramCredentialsResponse',
  { key: 50, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: 0 }),
    results: array({
      user: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: 0 }),
      credentialInfos: array({
        mechanism: int8(),
        iterations: int32(),
      }),
    }),
  },
);
