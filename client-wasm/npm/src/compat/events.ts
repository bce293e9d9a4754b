/** What an event of the drop-ins carries is up to the event. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyEvents = Record<string, any>;
