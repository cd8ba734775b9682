/** What the JavaScript package uses of Node, for the type check alone. */

declare module "node:crypto" {
  export function randomUUID(): string;
}

declare var process:
  | {
      env?: Record<string, string | undefined>;
      on?(event: "beforeExit", listener: () => void): unknown;
      removeListener?(event: "beforeExit", listener: () => void): unknown;
    }
  | undefined;
