from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Parcel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("recipient", models.CharField(max_length=100)),
                ("grams", models.PositiveIntegerField()),
                ("label", models.BinaryField(null=True)),
                ("drawn_by", models.CharField(blank=True, max_length=100)),
            ],
        ),
    ]
