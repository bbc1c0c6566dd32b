/** How a request names a topic. */
import type { Cursor, Reader } from '../primitives.ts';
import { type Pass, readStringSize } from './layout.ts';

export type TopicLabel = {
  /** Undefined in versions that refer to topics by id. */
  readonly name: string | undefined;
  /** In base64url; undefined in versions that refer to topics by name. */
  readonly id: string | undefined;
};

type TextCursor = Cursor & Pick<Reader, 'string' | 'uuid'>;

/** Reads the one that the version has. Throws WireError. */
export function readLabel(
  cursor: TextCursor,
  flexible: boolean,
  toName: Pass | undefined,
  toId: Pass | undefined,
): TopicLabel {
  let name: string | undefined;
  let id: string | undefined;
  if (toName !== undefined) {
    toName(cursor);
    name = cursor.string(readStringSize(cursor, flexible));
  }
  if (toId !== undefined) {
    toId(cursor);
    id = cursor.uuid();
  }
  return { name, id };
}
