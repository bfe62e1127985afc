CREATE TABLE `poll_batches` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`source_ids` text NOT NULL,
	`expires_at` text NOT NULL
);
--> statement-breakpoint
DROP INDEX `feed_sources_due`;