ALTER TABLE `feed_entries` ADD `missing_from` integer DEFAULT 0;--> statement-breakpoint
CREATE INDEX `feed_entries_standing` ON `feed_entries` (`source_id`) WHERE missing_from IS NULL;--> statement-breakpoint
CREATE INDEX `feed_signals_version` ON `feed_signals` (`source_id`,CASE WHEN entry->>'$.tag' IS NULL THEN entry->>'$.version' ELSE entry->>'$.tag' END);