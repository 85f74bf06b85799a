"""Run the trainings, keep their records, make the tables. Imports no framework."""
