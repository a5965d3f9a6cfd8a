// What Vite adds to imports: style sheets.
/// <reference types="vite/client" />
