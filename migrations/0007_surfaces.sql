ALTER TABLE `maintenance_attempts` ADD `surface` text;--> statement-breakpoint
ALTER TABLE `dispatches` ADD `sent_at` text;--> statement-breakpoint
ALTER TABLE `dispatches` ADD `runs` text;--> statement-breakpoint
ALTER TABLE `dispatches` ADD `reason` text;