/** Amazon Kinesis Data Streams, version 2013-12-02. */
import { cbor11, json11 } from '../protocol/codec.ts';
import { type Call, defineService, type Service } from '../protocol/service.ts';
import type { Format } from '../protocol/source.ts';
import type { KinesisContext, KinesisParts } from './action.ts';
import { actions } from './actions/index.ts';
import { exceptionBody, toKinesisError } from './errors.ts';
import { admit } from './limits/admission.ts';

export type KinesisSettings = KinesisParts & {
  /** Used if the client's request is not signed for a region. */
  readonly region: string;
};

/** `served`: the actions that it serves; all of them by default. */
export function kinesisService(settings: KinesisSettings, served = actions): Service {
  return defineService({
    name: 'kinesis',
    protocol: { name: 'json', targetPrefix: 'Kinesis_20131202', codecs: [json11, cbor11] },
    actions: served,
    contextOf: contextsOf(settings),
    errorOf: toKinesisError,
    errorBody: exceptionBody,
    admit,
  });
}

/** Actions of policies that are no operation. */
const permissions = ['AssociateStreamsWithQueue'];

/**
 * Creates the context of a call. Parts that are the same for all calls are on the prototype, so the
 * cost does not depend on their number.
 */
function contextsOf({ region, ...parts }: KinesisSettings): (call: Call) => KinesisContext {
  class CallContext {
    readonly tally: Call;

    constructor(call: Call) {
      this.tally = call;
    }

    get region(): string {
      return this.tally.scope?.region ?? region;
    }

    get format(): Format {
      return this.tally.format;
    }

    /** A getter, because making a signal is expensive and few actions wait. */
    get signal(): AbortSignal {
      return this.tally.signal;
    }
  }
  const actionNames = [...actions.map(({ name }) => name), ...permissions];
  const shared = { ...parts, actionNames };
  Object.assign(CallContext.prototype, shared);
  return (call) => new CallContext(call) as CallContext & typeof shared;
}
