/** The list of actions: dispatch, documentation and metrics derive from it. */
import type { Action } from '../action.ts';

export const actions: readonly Action[] = [];
