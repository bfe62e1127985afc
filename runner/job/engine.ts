import { failure } from "../git/failure.ts";
import type { AccountResolved, ReplayStack } from "../git/replay-request.ts";
export const replayStack: ReplayStack = async () => failure("git_too_old", "stub");
export const accountResolved: AccountResolved = async () => failure("git_too_old", "stub");
