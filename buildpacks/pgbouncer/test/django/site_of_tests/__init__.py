import os


def application(environ, start_response):
    return loaded()(environ, start_response)


def loaded():
    global made
    if not made:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_of_tests.settings")
        from django.core.wsgi import get_wsgi_application

        made = get_wsgi_application()
    return made


made = None
