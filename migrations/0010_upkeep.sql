CREATE TABLE `restorations` (
	`kind` text NOT NULL,
	`id` text NOT NULL,
	`since` text NOT NULL,
	PRIMARY KEY(`kind`, `id`)
);
--> statement-breakpoint
CREATE TABLE `retention_sweeps` (
	`kind` text PRIMARY KEY NOT NULL,
	`after_row` integer NOT NULL,
	`next_at` text NOT NULL,
	`begun_at` text NOT NULL
);
