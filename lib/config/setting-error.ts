/** A setting that stops the start. Its message is one line and holds no secret. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}
