/** Amazon's own description of the Kinesis API, as the pinned boto3 carries it. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { python, run } from './install.ts';

export type ModelShape = {
  readonly type:
    'string' | 'integer' | 'long' | 'boolean' | 'timestamp' | 'blob' | 'list' | 'map' | 'structure';
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly members?: Readonly<Record<string, { readonly shape: string }>>;
  readonly member?: { readonly shape: string };
  readonly key?: { readonly shape: string };
  readonly value?: { readonly shape: string };
  readonly eventstream?: boolean;
};

export type ServiceModel = {
  readonly operations: Readonly<
    Record<
      string,
      {
        readonly input: { readonly shape: string };
        readonly output?: { readonly shape: string };
        readonly errors: readonly { readonly shape: string }[];
      }
    >
  >;
  readonly shapes: Readonly<Record<string, ModelShape>>;
};

const findModel = `
import pathlib, botocore
print(pathlib.Path(botocore.__file__).parent / "data/kinesis/2013-12-02/service-2.json.gz")
`;

export async function readServiceModel(): Promise<ServiceModel> {
  const file = (await run(await python(), ['-c', findModel])).trim();
  return JSON.parse(gunzipSync(readFileSync(file)).toString()) as ServiceModel;
}
