ALTER TABLE `maintenance_attempts` ADD `channel` text;--> statement-breakpoint
ALTER TABLE `maintenance_attempts` ADD `candidate_id` text;--> statement-breakpoint
ALTER TABLE `maintenance_attempts` ADD `prerelease` integer;--> statement-breakpoint
ALTER TABLE `maintenance_attempts` ADD `actor` text;--> statement-breakpoint
CREATE INDEX `attempts_channel` ON `maintenance_attempts` (`stack_id`,`channel`,`number`) WHERE channel IS NOT NULL;--> statement-breakpoint
ALTER TABLE `stacks` ADD `channels` text DEFAULT '{}' NOT NULL;