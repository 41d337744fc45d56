/** What a response emits when it has answered a handshake: it will send nothing more, and closes with the socket. */
export const ACCEPTED = "offloop.accepted";
