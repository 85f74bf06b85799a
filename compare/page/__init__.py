"""What people look at: the report page and its pictures. Pure functions of records and samples."""
