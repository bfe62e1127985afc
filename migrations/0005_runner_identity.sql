CREATE TABLE `issuer_keys` (
	`issuer` text PRIMARY KEY NOT NULL,
	`keys` text,
	`fetched_at` text,
	`tried_at` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `used_tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`claim` text NOT NULL,
	`expires_at` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `used_tokens_expiry` ON `used_tokens` (`expires_at`);--> statement-breakpoint
ALTER TABLE `feed_sources` ADD `webhook_key_id` text;--> statement-breakpoint
ALTER TABLE `runners` ADD `previous_key_id` text;--> statement-breakpoint
ALTER TABLE `runners` ADD `previous_until` text;