/** How a request names a topic. */
import type { Cursor, Reader } from '../primitives.ts';
import { type Pass, readStringSize } from './layout.ts';

export type TopicLabel = {
  /** Undefined in versions that name topics by their ids. */
  readonly name: string | undefined;
  /** In base64url; undefined in versions that name topics by their names. */
  readonly id: string | undefined;
};

type TextCursor = Cursor & Pick<Reader, 'string' | 'uuid'>;

/** Reads what the version has of the two. Throws WireError. */
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
