mod embedded;
mod first_start;
