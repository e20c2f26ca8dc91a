import type { Phrases } from "../phrases.js";

export const english: Phrases = {
  asks: {
    delivery: [
      "Where is my parcel?",
      "The delivery is three days late",
      "Please deliver to my neighbour instead",
    ],
    payment: ["My card was charged twice", "Can I pay in instalments?", "The payment page shows an error"],
    return: [
      "I would like to send this back",
      "When do I get my money back?",
      "The return label does not print",
    ],
    product: [
      "Does the lamp fit a standard socket?",
      "The kettle does not switch off",
      "Is the blue one coming back?",
    ],
    account: ["I cannot sign in any more", "Please change my e-mail address", "How do I close my account?"],
    invoice: ["I need an invoice with my company's name", "The invoice shows the wrong address"],
  },
  replies: [
    "We have looked into it and sent you a replacement",
    "Your refund is on its way and takes up to five days",
    "The courier will try again tomorrow",
    "We have corrected your details",
  ],
  notices: [
    "Your order has been confirmed",
    "Your parcel is on its way",
    "Your parcel has arrived at the shop",
  ],
  offers: [
    "Autumn sale: 20% off kitchenware",
    "New in: lamps by young designers",
    "You left something in your basket",
  ],
  visits: [
    "Looked at desk lamps",
    "Compared two kettles",
    "Put a rucksack into the basket",
    "Read the size guide",
  ],
  praise: ["Quick and friendly, thank you!", "Exactly what I needed", "Lovely packaging"],
  complaints: ["I had to explain everything three times", "Nobody called me back", "It took far too long"],
  returnReasons: ["Does not fit", "Arrived damaged", "Ordered by mistake", "Not as described"],
  points: {
    welcome: "Welcome to the club",
    purchase: "Purchase",
    released: "Return period is over",
    redeemed: "Reward redeemed",
    lapsed: "Points lapsed",
    returned: "Goods came back",
    corrected: "Correction by customer service",
  },
};
