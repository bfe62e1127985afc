CREATE TABLE `forecast_plans` (
	`stack_id` text PRIMARY KEY NOT NULL,
	`every_seconds` integer NOT NULL,
	`labels` text NOT NULL,
	`due_at` text,
	`nonce` text,
	`runner` text,
	`count` integer DEFAULT 0 NOT NULL,
	FOREIGN KEY (`stack_id`) REFERENCES `stacks`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `forecast_plans_due_for` ON `forecast_plans` (`labels`,`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `forecast_plans_due` ON `forecast_plans` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `forecast_plans_nonce` ON `forecast_plans` (`nonce`) WHERE nonce IS NOT NULL;--> statement-breakpoint
CREATE TABLE `forecasts` (
	`stack_id` text NOT NULL,
	`number` integer NOT NULL,
	`at` text NOT NULL,
	`outcome` text NOT NULL,
	`reason` text,
	`onto` text,
	`head_oid` text,
	`commits_ahead` integer,
	`commits_behind` integer,
	`days_behind` real,
	`counts` text,
	`conflicts` text,
	`runner` text NOT NULL,
	`seconds` real NOT NULL,
	PRIMARY KEY(`stack_id`, `number`),
	FOREIGN KEY (`stack_id`) REFERENCES `stacks`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
ALTER TABLE `stacks` ADD `forecast` text;--> statement-breakpoint
CREATE TRIGGER `stacks_forecast_declared` AFTER INSERT ON `stacks` WHEN json_extract(NEW.`config`, '$.policy.forecast') IS NOT NULL BEGIN
	INSERT INTO `forecast_plans` (`stack_id`, `every_seconds`, `labels`, `due_at`)
	SELECT NEW.`id`, json_extract(NEW.`config`, '$.policy.forecast.everySeconds'),
		(SELECT json_group_array(value) FROM (SELECT DISTINCT value FROM json_each(NEW.`config`, '$.policy.runnerLabels') ORDER BY value)),
		iif(NEW.`paused` OR NEW.`deleted_at` IS NOT NULL, NULL, NEW.`updated_at`);
END;--> statement-breakpoint
CREATE TRIGGER `stacks_forecast_changed` AFTER UPDATE OF `config`, `paused`, `deleted_at` ON `stacks`
WHEN (NEW.`config` IS NOT OLD.`config` OR NEW.`paused` IS NOT OLD.`paused` OR NEW.`deleted_at` IS NOT OLD.`deleted_at`)
	AND (json_extract(NEW.`config`, '$.policy.forecast') IS NOT NULL OR json_extract(OLD.`config`, '$.policy.forecast') IS NOT NULL) BEGIN
	INSERT INTO `forecast_plans` (`stack_id`, `every_seconds`, `labels`, `due_at`)
	SELECT NEW.`id`, coalesce(json_extract(NEW.`config`, '$.policy.forecast.everySeconds'), 0),
		(SELECT json_group_array(value) FROM (SELECT DISTINCT value FROM json_each(NEW.`config`, '$.policy.runnerLabels') ORDER BY value)),
		iif(NEW.`paused` OR NEW.`deleted_at` IS NOT NULL OR json_extract(NEW.`config`, '$.policy.forecast') IS NULL, NULL, NEW.`updated_at`)
	WHERE true
	ON CONFLICT (`stack_id`) DO UPDATE SET `every_seconds` = excluded.`every_seconds`, `labels` = excluded.`labels`,
		`due_at` = excluded.`due_at`, `nonce` = NULL, `runner` = NULL;
END;
