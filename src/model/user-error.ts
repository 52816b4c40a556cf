/** What is wrong lies in the input or in how the program was called. The message is for people: one line, what, where, what to do. */
export class UserError extends Error {}
