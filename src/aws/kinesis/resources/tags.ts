/** AWS's rules for tags. Source: "Tag restrictions", Kinesis Data Streams developer guide. */
import { partitionerNames, partitionerTag } from '../../../domain/streams/partitioner-tag.ts';
import { placementNames, placementTag } from '../../../domain/streams/placement-tag.ts';
import { invalidArgument } from '../errors.ts';

export const tagsPerStreamMax = 50;

/** TagResource, which writes the same tags, allows the colon. */
const allowed = /^[\p{L}\p{N}\p{Zs}_.:/=+\-%@]*$/u;

/**
 * `what` describes the attempt, such as "add tags to stream orders under account 000000000000".
 * Errors: InvalidArgumentException for characters that AWS refuses. The percent sign is allowed by
 * its first check and refused by its second.
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

/** Errors: InvalidArgumentException if there are more tags than a stream may have. */
export function assertTagCount(
  tags: Readonly<Record<string, string>>,
  what: string,
  owner: 'stream' | 'resource',
): void {
  if (Object.keys(tags).length <= tagsPerStreamMax) return;
  throw invalidArgument(
    `Failed to ${what} because a given ${owner} cannot have more than ${tagsPerStreamMax} tags ` +
      'associated with it.',
  );
}

/** Errors: InvalidArgumentException for keys that are AWS's own. */
export function assertTagKeys(keys: readonly string[]): void {
  if (!keys.some((key) => key.toLowerCase().startsWith('aws:'))) return;
  throw invalidArgument(
    "Some tag keys in the request started with 'aws:'. System tags cannot be modified.",
  );
}

/** Errors: InvalidArgumentException if a tag that the gateway interprets has an unknown value. */
export function assertPolicyTags(tags: Readonly<Record<string, string>>): void {
  assertOneOf(tags, partitionerTag, partitionerNames);
  assertOneOf(tags, placementTag, placementNames);
}

function assertOneOf(
  tags: Readonly<Record<string, string>>,
  tag: string,
  known: readonly string[],
): void {
  const value = tags[tag];
  if (value === undefined || known.includes(value)) return;
  throw invalidArgument(`The tag ${tag} must be one of ${known.join(', ')}, not "${value}".`);
}

/** TagResource allows the colon, but no percent sign. */
const allowedOfResources = /^[\p{L}\p{N}\p{Zs}_.:/=+\-@]*$/u;

/** Errors: InvalidArgumentException for characters that AWS refuses. */
export function assertResourceTags(tags: Readonly<Record<string, string>>): void {
  const texts = Object.entries(tags).flat();
  if (!texts.every((text) => allowedOfResources.test(text))) {
    throw invalidArgument(
      'Some tags contain invalid characters. Valid characters: ' +
        'Unicode letters, digits, white space, _ . : / = + - @.',
    );
  }
}
