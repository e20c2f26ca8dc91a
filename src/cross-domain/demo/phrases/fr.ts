import type { Phrases } from "../phrases.js";

export const french: Phrases = {
  asks: {
    delivery: [
      "Où est mon colis ?",
      "La livraison a trois jours de retard",
      "Merci de livrer chez le voisin",
    ],
    payment: ["Ma carte a été débitée deux fois", "Puis-je payer en plusieurs fois ?"],
    return: ["Je souhaite renvoyer cet article", "Quand serai-je remboursé ?"],
    product: ["La lampe est-elle compatible E27 ?", "La bouilloire ne s'arrête pas"],
    account: ["Je n'arrive plus à me connecter", "Merci de changer mon adresse e-mail"],
    invoice: ["J'ai besoin d'une facture au nom de ma société", "L'adresse sur la facture est fausse"],
  },
  replies: [
    "Nous vous avons envoyé un remplacement",
    "Le remboursement est en route, comptez cinq jours",
    "Le livreur repassera demain",
  ],
  notices: ["Votre commande est confirmée", "Votre colis est en route", "Votre colis vous attend en magasin"],
  offers: ["Soldes d'automne : -20 % sur la cuisine", "Nouveautés : lampes de jeunes créateurs"],
  visits: [
    "A regardé des lampes de bureau",
    "A comparé deux bouilloires",
    "A mis un sac à dos dans le panier",
  ],
  praise: ["Rapide et aimable, merci !", "Exactement ce qu'il me fallait"],
  complaints: ["J'ai dû tout expliquer trois fois", "Personne ne m'a rappelé"],
  returnReasons: ["Ne convient pas", "Arrivé endommagé", "Commandé par erreur"],
  points: {
    welcome: "Bienvenue au club",
    purchase: "Achat",
    released: "Délai de retour écoulé",
    redeemed: "Récompense utilisée",
    lapsed: "Points expirés",
    returned: "Article retourné",
    corrected: "Correction du service client",
  },
};
