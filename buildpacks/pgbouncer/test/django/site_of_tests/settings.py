import dj_database_url

SECRET_KEY = "of tests"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.staticfiles"]
ROOT_URLCONF = "site_of_tests.urls"
STATIC_URL = "static/"
STATIC_ROOT = "staticfiles"
DATABASES = {"default": dj_database_url.config(default="sqlite://:memory:")}
# Cursors of the server's do not survive the end of a transaction, which is when the pooler gives the connection to another.
DISABLE_SERVER_SIDE_CURSORS = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
