/** The numbers and words that the provider publishes for this action; the readers and the schema share them. */

/** How many characters a prompt may count, each @name as 37, and one of several shots. */
export const promptLimit = 2500;
export const shotPromptLimit = 500;

/** The first frame, and the last one. */
export const imageLimit = 2;

/** How long a video may be, and what it is when nobody says. */
export const videoSeconds = { min: 3, max: 15, unit: "seconds" };
export const defaultSeconds = 5;

/** How many shots a video may have, and how long each may be. */
export const shotLimit = 5;
export const shotSeconds = { min: 1, max: 12, unit: "seconds" };

/** How many elements there may be, with how many images each, and what a prompt can call one. */
export const elementLimit = 3;
export const elementImages = { min: 2, max: 4, unit: "image URLs" };
export const namePattern = /^[A-Za-z0-9_-]+$/;

/** The words for shape and quality; 16:9 and pro when nobody says. */
export const aspectRatios = ["16:9", "9:16", "1:1"];
export const modes = ["std", "pro"];
