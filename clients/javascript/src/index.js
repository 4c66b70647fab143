export { ChatClient } from "./chat.js";
export { ProblemError } from "./errors.js";
export { MemoryStorage } from "./storage.js";
