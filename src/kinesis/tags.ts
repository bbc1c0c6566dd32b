/** What AWS allows as tags. Source: "Tag restrictions", Kinesis Data Streams developer guide. */
import { invalidArgument } from './errors.ts';

export const tagsPerStreamMax = 50;

const allowed = /^[\p{L}\p{N}\p{Zs}_./=+\-%@]*$/u;

/**
 * `what` is the attempt, such as "add tags to stream orders under account 000000000000".
 * Errors: InvalidArgumentException for characters that AWS refuses. The percent sign is allowed
 * by its first check and refused by its second.
 */
export function assertTagCharacters(texts: readonly string[], what: string): void {
  if (!texts.every((text) => allowed.test(text))) {
    throw invalidArgument(
      'Some tags contain invalid characters. Valid characters: ' +
        'Unicode letters, digits, white space, _ . / = + - % @.',
    );
  }
  if (texts.some((text) => text.includes('%'))) {
    throw invalidArgument(
      `Failed to ${what} because some tags contained illegal characters. The allowed ` +
        "characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.",
    );
  }
}

/** Errors: InvalidArgumentException where the tags are more than a stream may have. */
export function assertTagCount(tags: Readonly<Record<string, string>>, what: string): void {
  if (Object.keys(tags).length <= tagsPerStreamMax) return;
  throw invalidArgument(
    `Failed to ${what} because a given stream cannot have more than ${tagsPerStreamMax} tags ` +
      'associated with it.',
  );
}
