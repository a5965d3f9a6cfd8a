// What ../examples.mjs makes of the documentation.
declare module 'doc-examples' {
  export const examples: readonly {
    /** Page and line. */
    readonly where: string;
    /** The lines it says it prints. */
    readonly prints: readonly string[];
    /** The databases it names. */
    readonly databases: readonly string[];
    readonly run: () => Promise<unknown>;
  }[];
}
