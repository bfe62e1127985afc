CREATE TABLE `setup_checks` (
	`id` text PRIMARY KEY NOT NULL,
	`stack_id` text NOT NULL,
	`surface` text NOT NULL,
	`state` text NOT NULL,
	`reason` text,
	`proved_as` text,
	`runs` text NOT NULL,
	`created_at` text NOT NULL,
	`expires_at` text NOT NULL,
	FOREIGN KEY (`stack_id`) REFERENCES `stacks`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `setup_checks_stack` ON `setup_checks` (`stack_id`,`created_at`);