/** Put in by the build; the sources are run by developers only. */
declare const KINESKA_VERSION: string | undefined;

export const version = typeof KINESKA_VERSION === 'string' ? KINESKA_VERSION : '0.0.0-development';
