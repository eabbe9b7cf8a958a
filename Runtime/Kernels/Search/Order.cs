using System.Numerics;

namespace Cameo.Kernels;

/// <summary>The order in which searches see elements: what is not a number comes first of all.</summary>
internal static class Order<T>
    where T : INumber<T>
{
    /// <summary>Whether an element comes before another one, strictly.</summary>
    public static bool Precedes(T left, T right, bool largest)
    {
        if (T.IsNaN(left) || T.IsNaN(right))
        {
            return T.IsNaN(left) && !T.IsNaN(right);
        }

        return largest ? left > right : left < right;
    }
}
