CREATE TABLE `imports` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`actor` text NOT NULL,
	`file` text NOT NULL,
	`made` integer DEFAULT 0 NOT NULL,
	`same` integer DEFAULT 0 NOT NULL,
	`refused` integer DEFAULT 0 NOT NULL,
	`begun_at` text NOT NULL,
	`last_at` text NOT NULL,
	`ended_at` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `imports_id_unique` ON `imports` (`id`);--> statement-breakpoint
CREATE TABLE `stack_imports` (
	`stack_id` text NOT NULL,
	`import_id` text NOT NULL,
	`at` text NOT NULL,
	PRIMARY KEY(`stack_id`, `import_id`),
	FOREIGN KEY (`stack_id`) REFERENCES `stacks`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`import_id`) REFERENCES `imports`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
ALTER TABLE `restorations` ADD `sha256` text;