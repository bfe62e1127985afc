ALTER TABLE `feed_entries` ADD `tag` text;--> statement-breakpoint
ALTER TABLE `feed_entries` ADD `commit_oid` text;--> statement-breakpoint
CREATE INDEX `feed_entries_tag` ON `feed_entries` (`source_id`,`tag`) WHERE tag IS NOT NULL;--> statement-breakpoint
ALTER TABLE `feed_sources` ADD `gap_since` text;--> statement-breakpoint
ALTER TABLE `feed_sources` ADD `reconcile_at` text;--> statement-breakpoint
ALTER TABLE `feed_sources` ADD `refs_seeded` integer DEFAULT false NOT NULL;