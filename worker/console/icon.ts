/**
 * The mark that a browser shows beside the title: of the console, and of the documentation.
 *
 * @module
 */

export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0a5457"/><path d="M4 12V4h4.5a2.7 2.7 0 0 1 0 5.4H6.5" fill="none" stroke="#fff" stroke-width="1.8"/></svg>`;
