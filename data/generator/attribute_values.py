"""Values of the generated items' and users' attributes."""

from __future__ import annotations

# department → category → product types
TREE: dict[str, dict[str, tuple[str, ...]]] = {
    "Outdoor": {
        "Camping": ("Tent", "Sleeping Bag", "Camp Stove", "Lantern"),
        "Hiking": ("Backpack", "Trekking Poles", "Water Bottle", "Rain Cover"),
        "Cycling": ("Helmet", "Bike Light", "Pannier", "Floor Pump"),
        "Climbing": ("Harness", "Rope", "Chalk Bag", "Quickdraw"),
    },
    "Kitchen": {
        "Cookware": ("Saucepan", "Frying Pan", "Casserole", "Wok"),
        "Baking": ("Cake Tin", "Rolling Pin", "Mixing Bowl", "Dough Scraper"),
        "Coffee": ("Hand Grinder", "Moka Pot", "Pour-Over Set", "Milk Jug"),
        "Knives": ("Paring Knife", "Chef's Knife", "Bread Knife", "Whetstone"),
    },
    "Fashion": {
        "Shoes": ("Sneaker", "Boot", "Sandal", "Loafer"),
        "Jackets": ("Parka", "Blazer", "Windbreaker", "Fleece"),
        "Bags": ("Tote", "Satchel", "Weekender", "Belt Bag"),
        "Accessories": ("Scarf", "Wool Hat", "Belt", "Gloves"),
    },
    "Electronics": {
        "Audio": ("Headphones", "Bookshelf Speaker", "Turntable", "Earbuds"),
        "Photo": ("Mirrorless Camera", "Tripod", "Prime Lens", "Camera Strap"),
        "Computing": ("Keyboard", "Mouse", "Monitor", "Laptop Stand"),
        "Wearables": ("Smartwatch", "Fitness Band", "Heart-Rate Strap", "Charging Dock"),
    },
    "Home": {
        "Lighting": ("Desk Lamp", "Pendant", "Floor Lamp", "Candle Holder"),
        "Textiles": ("Blanket", "Cushion", "Rug", "Curtain"),
        "Storage": ("Basket", "Shelf", "Wardrobe Box", "Hook Rail"),
        "Garden": ("Planter", "Secateurs", "Watering Can", "Bird Feeder"),
    },
    "Play": {
        "Board Games": ("Strategy Game", "Card Game", "Dice Game", "Puzzle"),
        "Building": ("Brick Set", "Marble Run", "Model Kit", "Wooden Blocks"),
        "Crafts": ("Watercolour Set", "Loom", "Origami Paper", "Clay Kit"),
        "Music": ("Ukulele", "Kalimba", "Hand Drum", "Recorder"),
    },
    "Books": {
        "Fiction": ("Novel", "Short Stories", "Mystery", "Fantasy Saga"),
        "Cooking": ("Vegetarian Cookbook", "Baking Book", "Regional Recipes", "Wine Guide"),
        "Travel": ("City Guide", "Walking Atlas", "Phrase Book", "Travelogue"),
        "Science": ("Astronomy Primer", "Natural History", "Mathematics Reader", "Field Guide"),
    },
    "Care": {
        "Skin": ("Face Cream", "Cleanser", "Sun Milk", "Lip Balm"),
        "Hair": ("Shampoo", "Conditioner", "Hair Oil", "Comb"),
        "Bath": ("Bath Salts", "Soap", "Sponge", "Towel"),
        "Scent": ("Eau de Parfum", "Room Spray", "Incense", "Sachet"),
    },
}

BRANDS: tuple[str, ...] = (
    "Aldergate", "Birkfell", "Calderay", "Dunlin", "Eskmoor", "Farrow & Tide", "Gillrun", "Hazelwick", "Ivenny",
    "Juniver", "Kestrelle", "Lindqvale", "Marrowby", "Nordweir", "Ostrava Mill", "Pellucid", "Quarrel", "Rillstone",
    "Saltern", "Thornbeck", "Umberley", "Valdora", "Wrenfield", "Xylo", "Yarrowdale", "Zephyrine", "Ångström",
    "Brücke", "Côte Sud", "Søndre",
)  # fmt: skip

QUALITIES: tuple[str, ...] = (
    "Amber", "Alpine", "Basalt", "Breeze", "Cedar", "Coastal", "Copper", "Dawn", "Dusk", "Ember", "Everyday",
    "Feather", "Granite", "Harbour", "Indigo", "Ivory", "Juniper", "Lakeside", "Linen", "Meadow", "Midnight",
    "Moss", "Northern", "Oak", "Pebble", "Quiet", "River", "Sage", "Slate", "Solstice", "Summit", "Tidal",
    "Traveller's", "Umber", "Willow", "Winter",
)  # fmt: skip

# Country, region and city; users of the n-th region often prefer the n-th department of the tree.
PLACES: tuple[tuple[str, str, str], ...] = (
    ("AT", "Tyrol", "Innsbruck"),
    ("FR", "Auvergne-Rhône-Alpes", "Lyon"),
    ("IT", "Lombardy", "Milan"),
    ("DE", "Bavaria", "Munich"),
    ("SE", "Småland", "Växjö"),
    ("DK", "Southern Denmark", "Billund"),
    ("IE", "Leinster", "Dublin"),
    ("PT", "Algarve", "Faro"),
)

AGE_GROUPS: tuple[str, ...] = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
GENDERS: tuple[str, ...] = ("female", "male", "other")
MEMBERSHIPS: tuple[str, ...] = ("none", "silver", "gold")
