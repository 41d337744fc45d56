import type { RawMessage } from "../../app/sockets/socket.ts";
import type { MessageFormat } from "../../operation/messages.ts";

/** Something that can be in a room. */
export interface Member {
  /** Sends an encoded message without waiting for it. */
  push(data: RawMessage): void;
}

/** The rooms of one websocket operation, in this process. */
export class Rooms {
  readonly #members = new Map<string, Set<Member>>();

  join(room: string, member: Member): void {
    const members = this.#members.get(room);
    if (members === undefined) this.#members.set(room, new Set([member]));
    else members.add(member);
  }

  leave(room: string, member: Member): void {
    const members = this.#members.get(room);
    if (members?.delete(member) && members.size === 0) this.#members.delete(room);
  }

  /** Sends to everyone in a room except the sender, if that is one of them. */
  push(room: string, data: RawMessage, sender?: Member): void {
    for (const member of this.#members.get(room) ?? []) if (member !== sender) member.push(data);
  }
}

/** Checks and encodes a message, and sends it to everyone in a room except the sender. */
export async function sendToRoom(
  { format, rooms }: { readonly format: MessageFormat; readonly rooms: Rooms },
  room: string,
  message: unknown,
  sender?: Member,
): Promise<void> {
  const data = await format.write(message);
  if (data !== undefined) rooms.push(room, data, sender);
}
