import type { ActionDefinition, Action } from '../protocol/action.ts';

/** The context of every STS action. */
export type StsContext = {
  /** Twelve digits. */
  readonly account: string;
};

/** Infers the types of input and output from the shapes. */
export function defineAction<I, O>(definition: ActionDefinition<I, O, StsContext>) {
  return definition as Action<StsContext>;
}
