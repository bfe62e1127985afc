CREATE TABLE `cron_ticks` (
	`id` integer PRIMARY KEY NOT NULL,
	`at` text NOT NULL,
	`failed` text NOT NULL
);
--> statement-breakpoint
ALTER TABLE `feed_sources` ADD `polls` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `feed_sources` ADD `failed_polls` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `stacks` ADD `ended_counts` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
UPDATE `stacks` SET `ended_counts` = (SELECT json_group_object(`status`, `n`) FROM (SELECT `status`, count(*) AS `n` FROM `maintenance_attempts` WHERE `stack_id` = `stacks`.`id` AND `ended_at` IS NOT NULL GROUP BY `status`));
