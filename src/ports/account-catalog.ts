import type { AccountSettings } from '../domain/streams/account-settings.ts';

/** One row for each account. Errors: `unavailable`. */
export type AccountCatalog = {
  /** Where nothing was set, settings of version 0. */
  get(account: string): Promise<AccountSettings>;
  /**
   * Stores settings in the place of those of the version before. Errors: `conflict` (somebody
   * else was first).
   */
  replace(account: string, after: AccountSettings): Promise<void>;
};
