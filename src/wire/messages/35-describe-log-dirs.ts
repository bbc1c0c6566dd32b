/** DescribeLogDirs, API key 35. Source: the Kafka protocol guide. */
import { array, arrayOf, bool, int16, int32, int64, message, string } from '../message.ts';

export const describeLogDirsRequest = message(
  'DescribeLogDirsRequest',
  { key: 35, versions: [1, 5], flexible: 2 },
  {
    topics: array(
      {
        topic: string(),
        partitions: arrayOf(int32()),
      },
      { nullable: 0 },
    ),
  },
);

export const describeLogDirsResponse = message(
  'DescribeLogDirsResponse',
  { key: 35, versions: [1, 5], flexible: 2 },
  {
    throttleTimeMs: int32(),
    errorCode: int16({ since: 3 }),
    results: array({
      errorCode: int16(),
      logDir: string(),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          partitionSize: int64(),
          offsetLag: int64(),
          isFutureKey: bool(),
        }),
      }),
      totalBytes: int64({ since: 4, default: -1n }),
      usableBytes: int64({ since: 4, default: -1n }),
      isCordoned: bool({ since: 5 }),
    }),
  },
);
