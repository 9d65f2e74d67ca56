// biome-ignore lint/suspicious/noExplicitAny: what arrives is another program's answer, and asserting on it is the test.
export type JsonAnswer = any;
