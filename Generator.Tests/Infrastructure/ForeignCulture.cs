using System.Globalization;

namespace Cameo.Tests.Infrastructure;

/// <summary>
/// Runs code under a culture that writes numbers unlike the invariant one: with a comma, grouped digits and, as in Finnish, a minus sign that is not ASCII. It
/// is built here, since the cultures of the operating system are absent where the process runs without ICU.
/// </summary>
internal static class ForeignCulture
{
    public static T Run<T>(Func<T> action)
    {
        CultureInfo original = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = Create();
        try
        {
            return action();
        }
        finally
        {
            CultureInfo.CurrentCulture = original;
        }
    }

    private static CultureInfo Create()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NegativeSign = "\u2212";
        culture.NumberFormat.PositiveSign = "\u2795";
        culture.NumberFormat.NumberDecimalSeparator = ",";
        culture.NumberFormat.NumberGroupSeparator = "\u00a0";
        culture.NumberFormat.NaNSymbol = "ep\u00e4luku";
        culture.NumberFormat.PositiveInfinitySymbol = "\u221e";
        culture.NumberFormat.NegativeInfinitySymbol = "\u2212\u221e";
        return culture;
    }
}
