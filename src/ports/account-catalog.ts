import type { AccountSettings } from '../domain/streams/account-settings.ts';

/** One row for each account. Errors: `unavailable`. */
export type AccountCatalog = {
  /** If nothing was set, settings of version 0. */
  get(account: string): Promise<AccountSettings>;
  /**
   * Replaces the settings of the previous version. Errors: `conflict` (another gateway was first).
   */
  replace(account: string, after: AccountSettings): Promise<void>;
};
